# method calls, closures, nested data
package perl -e '
    package Account;
    sub new { my ($class, $n) = @_; return bless { n => $n, log => [] }, $class }
    sub add { my ($self, $n) = @_; push @{$self->{log}}, $n if $n % 7 == 0; return $self->{n} += $n }
    package main;
    my @all = map { Account->new($_) } 0 .. 99;
    my @apply = map { my $k = $_; sub { $_[0] * $k % 1009 } } 1 .. 10;
    for my $i (1 .. shift) { $all[$i % 100]->add($apply[$i % 10]->($i)) }
    print join(" ", map { "$_->{n}/" . @{$_->{log}} } @all), "\n"' $((4000 * SCALE))
