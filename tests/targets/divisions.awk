# Lists the functions in assembly files that divide: `awk -v only=PATTERN -f divisions.awk FILE.s...`. Only functions
# whose mangled (v0) names match the pattern are searched. The match sees each name with a colon before the crate to
# which the function belongs. Each line of output has the number of divisions, the function, and the instruction or the
# routine.
/^[A-Za-z_$][^ \t:]*:/ {
    function_ = substr($1, 1, length($1) - 1)
    # The name of a generic function ends with the crate that instantiated it. Remove this: the function is of another
    # crate.
    name = function_
    sub(/Cs[0-9A-Za-z]+_7(secondo|targets)$/, "", name)
    # The first crate in the name is the function's own. The crates after it belong to type parameters.
    sub(/Cs[0-9A-Za-z]+_/, ":", name)
    next
}
name !~ only { next }
# The division instructions of x86-64, ARM and RISC-V.
$1 ~ /^i?div[bwlq]?$/ || $1 ~ /^[us]div(eq|ne|[chlmpv][scioe]|hi|mi|pl|[gl][et])?(\.w)?$/ || $1 ~ /^(div|rem)u?w?$/ { found[function_ " " $1]++; next }
# The division routines of the compiler's runtime library: called, jumped to, or with their address in a table.
match($0, /__(aeabi_u?[il]div(mod)?|u?(div|mod|divmod)[sdt]i[34])/) { found[function_ " " substr($0, RSTART, RLENGTH)]++ }
END { for (what in found) print found[what], what }
