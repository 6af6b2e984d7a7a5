use tungstenite::{connect, Result};

fn main() -> Result<()> {
    let (mut connection, _) = connect(std::env::args().nth(1).unwrap())?;
    loop {
        let message = connection.read()?;
        if message.is_text() || message.is_binary() {
            connection.send(message)?;
        }
    }
}
