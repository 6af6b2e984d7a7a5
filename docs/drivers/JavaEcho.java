import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

class JavaEcho implements WebSocket.Listener {
    final CountDownLatch done = new CountDownLatch(1);
    final StringBuilder text = new StringBuilder();
    final ByteArrayOutputStream binary = new ByteArrayOutputStream();

    public CompletionStage<?> onText(WebSocket connection, CharSequence data, boolean last) {
        text.append(data);
        connection.request(1);
        if (!last) return null;
        String message = text.toString();
        text.setLength(0);
        return connection.sendText(message, true);
    }

    public CompletionStage<?> onBinary(WebSocket connection, ByteBuffer data, boolean last) {
        byte[] octets = new byte[data.remaining()];
        data.get(octets);
        binary.writeBytes(octets);
        connection.request(1);
        if (!last) return null;
        ByteBuffer message = ByteBuffer.wrap(binary.toByteArray());
        binary.reset();
        return connection.sendBinary(message, true);
    }

    public CompletionStage<?> onClose(WebSocket connection, int code, String reason) {
        done.countDown();
        return null;
    }

    public void onError(WebSocket connection, Throwable error) {
        done.countDown();
    }

    public static void main(String[] arguments) throws Exception {
        JavaEcho echo = new JavaEcho();
        HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(arguments[0]), echo).join();
        echo.done.await();
        Thread.sleep(1000); // the Close frame is answered after onClose returns
    }
}
