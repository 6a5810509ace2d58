#!/bin/bash
# run.sh [small|quick|full]: model-checks the protocol and every planted hole; exit 0 when each line is as expected.
# small: without what takes long or much memory. Needs spin (apt-get install spin, 6.5) and gcc; at most 2.5 GB;
# quick: about 2 minutes, full: about 15, on one core.
cd "$(dirname "$0")" || exit 2
mode=${1:-quick}; bad=0
big() { [ $mode = small ] || row "$@"; }
row() { # expected  model  switches  pan-options  what
  local exp=$1 m=$2 sw=$3 opt=$4 what=$5 d rc v got st tm
  d=$(mktemp -d) || exit 2
  cp $m.pml "$d"
  (cd "$d" && spin $sw -a $m.pml >spin.log 2>&1 && gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=6000 -o pan pan.c &&
    timeout 900 ./pan -n -E $opt >out.txt 2>&1); rc=$?
  if grep -q 'assertion violated' "$d/out.txt"; then got=VIOLATED
  elif [ $rc -ne 0 ] || grep -q 'Search not completed\|search depth too small\|invalid array' "$d/out.txt" || ! grep -q 'State-vector' "$d/out.txt"; then got=BROKEN
  else got=holds; fi
  st=$(grep -oP '^\s*\K[0-9.e+]+(?= states, stored)' "$d/out.txt"); tm=$(grep -oP 'elapsed time \K[0-9.]+' "$d/out.txt")
  [ "$got" = "$exp" ] || { bad=1; got="$got (expected $exp, see $d)"; }
  printf '%-8s %-38s %-9s %9s states %6ss  %s\n' "$m" "$sw" "$got" "${st:--}" "${tm:-?}" "$what"
  case $got in *expected*) ;; *) rm -rf "$d" ;; esac
}
A=-m4000000
# the design with the rules of this model
big holds    append  "-DN=2 -DSOLO -DFENCE -DLIVE -DLINKLRU" $A "append: safety, and all acked once faults stop"
big holds    append  "-DN=2 -DSOLO -DFENCE -DZM=2" $A "two zombie inserts"
row holds    append  "-DN=2 -DSOLO -DNA1" $A "NOT_APPLIED for a first attempt never sent on"
row holds    deliver "-DOWN=2" $A "delivery, full tail look"
row holds    deliver "-DOWN=3" $A "the device's own message is the last"
big holds    deliver "-DLOOKMARK" $A "incremental look, mark = snapshot xmin"
big holds    members "-DDEFER -DFRESHREJ -DUNKNOWN -DREAD -DNOSEND -DWITHY" $A "membership, the read side"
if [ $mode = full ]; then
  row holds  append  "-DN=3 -DSOLO" $A "three messages"
  row holds  append  "-DN=3 -DSOLO -DLIVE" $A "three messages, all acked once faults stop"
  row holds  append  "-DN=3 -DSOLO -DFENCE" $A "three messages, void rows"
  row holds  append  "-DN=2" $A "two messages and a competitor"
  row holds  append  "-DN=2 -DLIVE" $A "the same, all acked once faults stop"
  row holds  members "-DDEFER -DFRESHREJ -DUNKNOWN" $A "membership, refusals say UNKNOWN"
  row holds  members "-DDEFER -DFRESHREJ -DFENCE" $A "membership, refusals void first"
fi
# planted holes: each must be found
row VIOLATED append  "-DN=2 -DSOLO -DNOLINK" $A "no link numbers"
row VIOLATED append  "-DN=2 -DSOLO -DIMPLICIT" $A "an owner without link state takes any number"
big VIOLATED append  "-DN=3 -DSOLO -DRENUM" $A "a restarted link numbers from 1, no epoch"
row VIOLATED append  "-DN=3 -DSOLO -DKEYDEV" $A "link state per device, not per connection"
row VIOLATED append  "-DN=2 -DSOLO -DNOBREAK" $A "owner gives up one append, goes on with the next"
row VIOLATED append  "-DN=2 -DSOLO -DREJSKIP" $A "session refuses one send (retryable), takes the next"
row VIOLATED append  "-DN=2 -DSOLO -DGIVEUP" $A "client drops an un-acked send and goes on"
big VIOLATED append  "-DN=2 -DPARTIAL" $A "on conflict do nothing"
row VIOLATED append  "-DN=2 -DSOLO -DOPTIMISTIC" $A "two batches in flight"
row VIOLATED append  "-DN=2 -DSOLO -DLATEREPLY" $A "late store reply taken for another batch"
row VIOLATED append  "-DN=2 -DSOLO -DLIVE -DRECENT=1" $A "dedupe from recent ids only: never answered"
row VIOLATED append  "-DN=2 -DSOLO -DNA2" $A "NOT_APPLIED for a resend"
row VIOLATED append  "-DN=2 -DSOLO -DNA3" $A "owner's NOT_APPLIED while a copy may travel"
row VIOLATED append  "-DN=2 -DSOLO -DSTATUS" $A "SendStatus absent without a fence"
row VIOLATED deliver "-DNOLOOK" $A "no periodic look: the lost last push"
row VIOLATED deliver "-DLOOKMARK -DLOOKTIME" $A "look by time stamp skips a late commit"
row VIOLATED deliver "-DLOOKMARK -DLOOKWINDOW" $A "look over now - window, node was frozen"
row VIOLATED deliver "-DLOOKMARK -DLOOKLIVE" $A "look skips sessions that are still syncing"
row VIOLATED deliver "-DEXCLALL -DOWN=3" $A "repair paths leave out own messages"
row VIOLATED deliver "-DEXCLTIMER -DOWN=3" $A "the ack timer leaves out own messages"
row VIOLATED deliver "-DOWNACK" $A "server counts its SendAck as the device's ack"
row VIOLATED deliver "-DSYNCACKS" $A "a page sent counts as taken"
row VIOLATED deliver "-DACKRECV" $A "client acks what it received over a gap"
row VIOLATED deliver "-DNOMAX" $A "late flush of an old session lowers the cursor"
row VIOLATED deliver "-DSTRICT" $A "ack beyond what was pushed is an error"
row VIOLATED members "-DUNKNOWN -DCHECKARRIVAL" $A "membership checked at arrival"
row VIOLATED members "-DUNKNOWN -DDEFER -DFRESHREJ -DLOADSPLIT -DNOADD" -m4000000 "members and tail from two reads"
row VIOLATED members "-DDEFER -DSTALEREJ -DFENCE" $A "NOT_MEMBER from memory"
row VIOLATED members "-DFRESHREJ -DFENCE" $A "NOT_MEMBER from an uncommitted removal in the batch"
row VIOLATED members "-DDEFER -DFRESHREJ" -m400000 "NOT_APPLIED, re-joined, a late copy is stored"
row VIOLATED members "-DMEMFIRST" -m300 "membership before dedupe"
row VIOLATED members "-DUNKNOWN -DREAD -DREADSPLIT -DNOSEND -DWITHY" $A "membership asked before the rows are read"
row VIOLATED members "-DUNKNOWN -DREAD -DNOSKIP -DNOSEND -DWITHY" $A "client waits for seqs it may never see"
exit $bad
