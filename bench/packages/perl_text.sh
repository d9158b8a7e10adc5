# words counted in a hash, substituted, sorted
package perl -e '
    open my $file, "<", "text" or die;
    while (<$file>) {
        last if $. > $ARGV[0];
        for (split) {
            $n{$_}++;
            s/([aeiou])(?=[^aeiou])/<$1>/g;
            $bytes += length;
        }
        $pairs++ while /\b(\w)\w*\1\b/g;
    }
    my @most = sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n;
    print "$. ", scalar @most, " $bytes $pairs ", join(",", map { "$_=$n{$_}" } @most[0 .. 99]), "\n"' $((130 * SCALE))
