/* An echo server on libsoup: soup_echo PORT */
#include <libsoup/soup.h>
#include <stdlib.h>

static void message(SoupWebsocketConnection *connection, int type, GBytes *data, gpointer none)
{
    soup_websocket_connection_send_message(connection, type, data);
}

static void opened(SoupServer *server, SoupServerMessage *request, const char *path,
                   SoupWebsocketConnection *connection, gpointer none)
{
    soup_websocket_connection_set_max_incoming_payload_size(connection, 1 << 26);
    g_signal_connect(connection, "message", G_CALLBACK(message), NULL);
    g_signal_connect(g_object_ref(connection), "closed", G_CALLBACK(g_object_unref), NULL);
}

int main(int count, char **arguments)
{
    SoupServer *server = soup_server_new(NULL, NULL);
    soup_server_add_websocket_handler(server, NULL, NULL, NULL, opened, NULL, NULL);
    if (!soup_server_listen_local(server, atoi(arguments[1]), SOUP_SERVER_LISTEN_IPV4_ONLY, NULL))
        return 1;
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
}
