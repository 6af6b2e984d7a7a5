// An echo server on Jetty 9: java JettyEcho PORT
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.WebSocketAdapter;
import org.eclipse.jetty.websocket.server.WebSocketHandler;
import org.eclipse.jetty.websocket.servlet.WebSocketServletFactory;

public class JettyEcho {
    public static class Echo extends WebSocketAdapter {
        public void onWebSocketText(String message) {
            try {
                getRemote().sendString(message);
            } catch (java.io.IOException ended) {
            }
        }

        public void onWebSocketBinary(byte[] data, int offset, int length) {
            try {
                getRemote().sendBytes(ByteBuffer.wrap(data, offset, length));
            } catch (java.io.IOException ended) {
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("org.eclipse.jetty.LEVEL", "OFF");
        Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
        server.setHandler(new WebSocketHandler() {
            public void configure(WebSocketServletFactory factory) {
                factory.getPolicy().setMaxTextMessageSize(1 << 26);
                factory.getPolicy().setMaxBinaryMessageSize(1 << 26);
                factory.register(Echo.class);
            }
        });
        server.start();
        server.join();
    }
}
