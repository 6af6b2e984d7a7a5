// An echo server on POCO: poco_echo PORT
#include <Poco/Buffer.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/Net/NetException.h>
#include <cstdlib>
#include <unistd.h>

using namespace Poco::Net;

struct Echo : HTTPRequestHandler {
    void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override
    {
        try {
            WebSocket connection(request, response);
            int kind = 0;
            Poco::Buffer<char> message(0);
            for (;;) {
                int flags = 0;
                Poco::Buffer<char> frame(0);
                int size = connection.receiveFrame(frame, flags);
                int opcode = flags & WebSocket::FRAME_OP_BITMASK;
                if (size == 0 && flags == 0)
                    return;
                if (opcode == WebSocket::FRAME_OP_CLOSE) {
                    connection.sendFrame(frame.begin(), size, flags);
                    return;
                } else if (opcode == WebSocket::FRAME_OP_PING) {
                    connection.sendFrame(frame.begin(), size, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
                } else if (opcode != WebSocket::FRAME_OP_PONG) {
                    if (opcode)
                        kind = opcode, message.resize(0);
                    message.append(frame.begin(), size);
                    if (flags & WebSocket::FRAME_FLAG_FIN)
                        connection.sendFrame(message.begin(), message.size(), WebSocket::FRAME_FLAG_FIN | kind);
                }
            }
        } catch (WebSocketException &error) {
            if (!response.sent()) {
                if (error.code() == WebSocket::WS_ERR_HANDSHAKE_UNSUPPORTED_VERSION)
                    response.set("Sec-WebSocket-Version", WebSocket::WEBSOCKET_VERSION);
                response.setStatusAndReason(HTTPResponse::HTTP_BAD_REQUEST);
                response.setContentLength(0);
                response.send();
            }
        } catch (Poco::Exception &) {
        }
    }
};

struct Factory : HTTPRequestHandlerFactory {
    HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override { return new Echo; }
};

int main(int, char **arguments)
{
    Poco::ThreadPool::defaultPool().addCapacity(64);
    auto *parameters = new HTTPServerParams;
    parameters->setMaxThreads(64);
    ServerSocket listening(SocketAddress("127.0.0.1", std::atoi(arguments[1])));
    HTTPServer server(new Factory, listening, parameters);
    server.start();
    pause();
}
