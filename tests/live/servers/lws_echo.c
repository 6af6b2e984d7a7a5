/* An echo server on the C library libwebsockets: cc lws_echo.c -lwebsockets; ./a.out [PORT] */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct echo { unsigned char *data; size_t size; int binary, whole; };

static int on(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    struct echo *e = user;
    if (reason == LWS_CALLBACK_RECEIVE) {
        if (lws_is_first_fragment(wsi))
            e->size = 0, e->binary = lws_frame_is_binary(wsi);
        if (!(e->data = realloc(e->data, LWS_PRE + e->size + size)))
            return -1;
        memcpy(e->data + LWS_PRE + e->size, in, size);
        e->size += size;
        e->whole = lws_is_final_fragment(wsi);
        if (e->whole) {
            lws_rx_flow_control(wsi, 0); /* one message at a time */
            lws_callback_on_writable(wsi);
        }
    } else if (reason == LWS_CALLBACK_SERVER_WRITEABLE && e->whole) {
        e->whole = 0;
        if (lws_write(wsi, e->data + LWS_PRE, e->size, e->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < 0)
            return -1;
        lws_rx_flow_control(wsi, 1);
    } else if (reason == LWS_CALLBACK_CLOSED) {
        free(e->data);
    }
    return 0;
}

int main(int count, char **arguments)
{
    const struct lws_protocols protocols[] = { { "echo", on, sizeof(struct echo), 65536 }, { 0 } };
    struct lws_context_creation_info info = {
        .port = count > 1 ? atoi(arguments[1]) : 0, .iface = "127.0.0.1", .protocols = protocols };
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (!context)
        return 1;
    printf("listening on %d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
    fflush(stdout);
    while (lws_service(context, 0) >= 0)
        ;
    return 0;
}
