// An echo server on websocketpp: websocketpp_echo PORT
#include <cstdlib>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/server.hpp>

struct config : websocketpp::config::asio {
    struct permessage_deflate_config {};
    typedef websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config> permessage_deflate_type;
    static const websocketpp::log::level elog_level = websocketpp::log::elevel::none;
    static const websocketpp::log::level alog_level = websocketpp::log::alevel::none;
};
typedef websocketpp::server<config> server;

int main(int, char **arguments)
{
    server echo;
    echo.init_asio();
    echo.set_reuse_addr(true);
    echo.set_max_message_size(1 << 26);
    echo.set_message_handler([&](websocketpp::connection_hdl to, server::message_ptr message) {
        websocketpp::lib::error_code ignored;
        echo.send(to, message->get_payload(), message->get_opcode(), ignored);
    });
    echo.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::address::from_string("127.0.0.1"), std::atoi(arguments[1])));
    echo.start_accept();
    echo.run();
}
