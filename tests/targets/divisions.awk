# Lists the functions in assembly files that divide: `awk -v only=PATTERN -f divisions.awk FILE.s…`. `only` are the names to look
# at, as mangled (v0), with a colon before the crate that a function is of. A line each: how often, the function, and with what.
/^[A-Za-z_$][^ \t:]*:/ {
    function_ = substr($1, 1, length($1) - 1)
    # A function of another crate ends with the crate that it was made for, which says nothing about whose it is.
    name = function_
    sub(/Cs[0-9A-Za-z]+_7(secondo|targets)$/, "", name)
    # The first crate in the name; those after it are of type parameters.
    sub(/Cs[0-9A-Za-z]+_/, ":", name)
    next
}
name !~ only { next }
# x86-64; ARM; RISC-V.
$1 ~ /^i?div[bwlq]?$/ || $1 ~ /^[us]div(eq|ne|[chlmpv][scioe]|hi|mi|pl|[gl][et])?(\.w)?$/ || $1 ~ /^(div|rem)u?w?$/ { found[function_ " " $1]++; next }
# The routines of the compiler's library, called, jumped to, or taken from a table.
match($0, /__(aeabi_u?[il]div(mod)?|u?(div|mod|divmod)[sdt]i[34])/) { found[function_ " " substr($0, RSTART, RLENGTH)]++ }
END { for (what in found) print found[what], what }
