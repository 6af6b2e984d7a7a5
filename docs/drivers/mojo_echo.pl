use Mojo::UserAgent;

my $agent = Mojo::UserAgent->new(inactivity_timeout => 0, max_response_size => 0);
$agent->websocket($ARGV[0] => sub {
    my ($agent, $tx) = @_;
    return Mojo::IOLoop->stop unless $tx->is_websocket;
    $tx->max_websocket_size(2**30);
    $tx->on(text => sub { $_[0]->send({text => $_[1]}) });
    $tx->on(binary => sub { $_[0]->send({binary => $_[1]}) });
    $tx->on(finish => sub { Mojo::IOLoop->timer(1 => sub { Mojo::IOLoop->stop }) });
});
Mojo::IOLoop->start;
