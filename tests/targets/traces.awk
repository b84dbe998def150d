# Compares the instructions of each case with those of the case before it: `awk -v names=FILE -f traces.awk TRACE`. The
# file `names` has a line for each case, in the order of the trace: `same` or `other` as its group should be, the group
# and the case. The trace is from QEMU's `-d exec`: field 4 is the address of an instruction, and field 5 its function.
!on { if (started && $5 !~ /5begin$/) on = 1; started = $5 ~ /5begin$/; if (!on) next; cases++; at = 0 }
$5 ~ /3end$/ { on = 0; if (at != length_) note(); length_ = at; if (at) lengths[cases]; next }
{ if (before[++at] != $4) note(); before[at] = $4 }

function note() { if (!(cases in where)) where[cases] = at " " $5 }

END {
    while ((getline line < names) > 0) {
        named++
        split(line, field, "\t")
        if (!(named in lengths)) { print "FAILED: " field[2] ", case " field[3] ": no instruction traced"; failed++ }
        if (field[2] != group) { if (group != "") finish(); group = field[2]; expected = field[1]; different = "" }
        else if (different == "" && named in where) different = field[3] ", from instruction " where[named]
    }
    finish()
    if (named != cases) { print "FAILED: " named " cases named, " cases " traced"; failed++ }
    print "test result: " (failed ? "FAILED" : "ok") ". " passed + 0 " passed; " failed + 0 " failed"
    exit failed > 0
}

function finish() {
    if ((different == "") == (expected == "same")) { passed++; return }
    failed++
    print "FAILED: " group (different == "" ? ": a planted difference was not found" : ": differs in case " different)
}
