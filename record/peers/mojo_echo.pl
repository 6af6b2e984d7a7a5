# An echo server on Mojolicious: perl mojo_echo.pl daemon -l http://127.0.0.1:PORT
use Mojolicious::Lite -signatures;

app->log->level('fatal');
websocket '/' => sub ($c) {
    $c->inactivity_timeout(0);
    $c->tx->max_websocket_size(2**26);
    $c->tx->with_compression;
    $c->on(text => sub ($c, $data) { $c->send({text => $data}) });
    $c->on(binary => sub ($c, $data) { $c->send({binary => $data}) });
};
app->start;
