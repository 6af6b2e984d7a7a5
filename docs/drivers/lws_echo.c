/* cc lws_echo.c -o lws_echo -lwebsockets */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

static struct { unsigned char *data; size_t size; int binary, whole, done; } e;

static int on(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        if (lws_is_first_fragment(wsi))
            e.size = 0, e.binary = lws_frame_is_binary(wsi);
        if (!(e.data = realloc(e.data, LWS_PRE + e.size + size)))
            return -1;
        memcpy(e.data + LWS_PRE + e.size, in, size);
        e.size += size;
        if ((e.whole = lws_is_final_fragment(wsi))) {
            lws_rx_flow_control(wsi, 0); /* one message at a time */
            lws_callback_on_writable(wsi);
        }
    } else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE && e.whole) {
        e.whole = 0;
        if (lws_write(wsi, e.data + LWS_PRE, e.size, e.binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < 0)
            return -1;
        lws_rx_flow_control(wsi, 1);
    } else if (reason == LWS_CALLBACK_CLIENT_CLOSED || reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        e.done = 1;
    }
    return 0;
}

int main(int count, char **words)
{
    const struct lws_protocols protocols[] = { { "echo", on, 0, 65536 }, { 0 } };
    const struct lws_extension extensions[] = { { "permessage-deflate", lws_extension_callback_pm_deflate,
        "permessage-deflate; client_no_context_takeover; client_max_window_bits" }, { 0 } };
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols,
        .extensions = extensions, .options = LWS_SERVER_OPTION_VALIDATE_UTF8 };
    lws_set_log_level(0, NULL);
    struct lws_client_connect_info to = { .context = lws_create_context(&info) };
    const char *scheme, *path;
    char target[2000] = "/";
    if (!to.context || lws_parse_uri(words[1], &scheme, &to.address, &to.port, &path))
        return 1;
    to.path = strncat(target, path, sizeof target - 2);
    to.host = to.origin = to.address;
    lws_client_connect_via_info(&to);
    while (!e.done && lws_service(to.context, 0) >= 0)
        ;
    return 0;
}
