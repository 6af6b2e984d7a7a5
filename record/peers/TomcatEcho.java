// An echo server on Tomcat 10: java TomcatEcho PORT
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.websocket.OnMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpoint;
import java.io.File;
import java.nio.ByteBuffer;
import org.apache.catalina.Context;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsContextListener;

public class TomcatEcho {
    /** In octets or characters. Tomcat allocates buffers of this size for each connection. */
    static final int LARGEST = 1 << 20;

    @ServerEndpoint("/")
    public static class Echo {
        @OnMessage(maxMessageSize = LARGEST)
        public void text(Session session, String message) throws Exception {
            session.getBasicRemote().sendText(message);
        }

        @OnMessage(maxMessageSize = LARGEST)
        public void binary(Session session, ByteBuffer message) throws Exception {
            session.getBasicRemote().sendBinary(message);
        }
    }

    public static class Deploy extends WsContextListener {
        public void contextInitialized(ServletContextEvent event) {
            super.contextInitialized(event);
            try {
                Object container = event.getServletContext().getAttribute(ServerContainer.class.getName());
                ((ServerContainer) container).setDefaultMaxTextMessageBufferSize(LARGEST);
                ((ServerContainer) container).setDefaultMaxBinaryMessageBufferSize(LARGEST);
                ((ServerContainer) container).addEndpoint(Echo.class);
            } catch (Exception error) {
                throw new RuntimeException(error);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(arguments[1]);
        tomcat.setPort(Integer.parseInt(arguments[0]));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", new File(arguments[1]).getAbsolutePath());
        context.addApplicationListener(Deploy.class.getName());
        Tomcat.addServlet(context, "default", new DefaultServlet());
        context.addServletMappingDecoded("/", "default");
        tomcat.start();
        tomcat.getServer().await();
    }
}
