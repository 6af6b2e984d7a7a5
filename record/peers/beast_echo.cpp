// An echo server on Boost.Beast: beast_echo PORT
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <thread>

namespace beast = boost::beast;
using boost::asio::ip::tcp;

static void echo(tcp::socket socket)
{
    try {
        beast::websocket::stream<tcp::socket> connection(std::move(socket));
        beast::websocket::permessage_deflate deflate;
        deflate.server_enable = true;
        connection.set_option(deflate);
        connection.read_message_max(1 << 26);
        connection.accept();
        for (;;) {
            beast::flat_buffer message;
            connection.read(message);
            connection.text(connection.got_text());
            connection.write(message.data());
        }
    } catch (std::exception const &) {
    }
}

int main(int, char **arguments)
{
    boost::asio::io_context context;
    tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), (unsigned short)std::atoi(arguments[1])});
    for (;;)
        std::thread(echo, acceptor.accept()).detach();
}
