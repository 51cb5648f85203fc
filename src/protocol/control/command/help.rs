// SPDX-License-Identifier: GPL-2.0-only

//! The list of the commands.

/// List of the commands, one per line, as comments.
pub const HELP: &str = "\
# listen [ADDRESS:]PORT... [tls]   listen there too; without ADDRESS: at all addresses
# unlisten [[ADDRESS:]PORT...]     stop listening there; without PORT: everywhere
# tls-agent PORT [uid USER]        process at [ADDRESS:]PORT for connections with tls; or off
# start                            serve
# stop                             accept no more connections, finish the responses under way
# max-connections N                serve up to N connections at a time; more wait
# min-rate N                       reset a peer that takes less than N bytes per second
# max-head-bytes N                 431 for a request head of more bytes, 8192 to 32768
# max-old-sites N                  keep N old sites for slow peers; reset peers of older ones
# if-modified-since exact|before   304 for the date of a file alone, or also for later ones
# merge-slashes on|off             look up a path with several slashes in a row as with one
# timeout idle SECONDS             close a connection on which no request begins for this long
# timeout head SECONDS             408 for a head that takes longer; close for a body
# timeout send SECONDS             how far a peer may fall behind min-rate
# timeout stop SECONDS             reset what is not finished this long after stop
# timeout adopted SECONDS          end an adopted connection after this long
# log FORMAT [for HOST]            off, common, combined or json: lines of /dev/khttpd-log
# log-buffer BYTES                 keep that many bytes of unread lines for each CPU
# client-address FIELD from NET    log the address that proxies in NET send in FIELD; or off
# root DIRECTORY [for HOST]        serve its files, or built-in; HOST may be *.DOMAIN, https://NAME
# reload                           load the site again
# clear                            remove all roots and rules
# error STATUS /PAGE               send PAGE with an error status
# fallback FILES /PAGE             serve PAGE for FILES [except FILES...] that do not exist
# cache-control FILES VALUE        set Cache-Control of *, *.SUFFIX, /DIRECTORY/* or /FILE
# field FILES [always] NAME: VALUE add a field, always: to errors, too
# media-type FILES TYPE/SUBTYPE    set Content-Type
# redirect STATUS FROM TO          301, 302, 307 or 308 from /FILE or /DIR/* [except FILES...]
# index NAME...                    serve the first of these files for their directory
# try-suffix .SUFFIX...            serve /NAME.SUFFIX for /NAME, too
# autoindex yes|no                 list what a directory without an index contains
# exclude FILES                    leave FILES out
# compress FILES                   make gzip and zstd of FILES that become 10 % smaller
# trailing-slash POLICY            of a directory without its slash: redirect, serve or refuse
# metrics /PATH                    serve metrics for Prometheus at PATH
# hand-over FILES PORT [always]    hand to a process, at [ADDRESS:]PORT, FILES that do not exist
# no-hand-over FILES               remove the hand-over rules with exactly these FILES
# follow-links yes|no              follow symbolic links within a root
# hidden-files yes|no              serve names that begin with a dot
# cross-mounts yes|no              enter file systems that are mounted within a root
# when-busy skip|fail              files that are written all the time: leave out, or fail
# watch yes|no                     load the site again when its files change
# perm-required MODE               mode bits that a file must have, such as 0004
# perm-forbid MODE                 mode bits that a file must not have
# max-site-bytes N                 bound of the memory of the site
# max-file-bytes N                 bound of the length of a file
# max-entries N                    bound of the number of files and directories
# relay ADDRESS:PORT               set the peer of /dev/khttpd-relay
# send ADDRESS:PORT TEXT           connect there, send TEXT and a line feed, close
# reset counters                   restart all counters at zero
# begin                            collect the commands of any number of writes up to commit
# commit                           carry out all of the collected commands, or none
# help                             list the commands
";
