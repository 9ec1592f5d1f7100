#!/bin/bash
# The steps of serve_systemd_test.go, as systemd runs them. Each line of the output is
# "name: value".
unit=spectrum2-lua@mychat
config=/etc/spectrum2/transports/mychat.cfg

say() { printf '%s: %s\n' "$1" "$2"; }
show() { systemctl show -P "$1" $unit; }

# waits NAME VALUE waits up to 15 seconds until a property of the unit has a value.
waits() {
  for _ in {1..150}; do
    [[ $(show "$1") == "$2" ]] && return
    sleep 0.1
  done
}

# logged TEXT prints how many lines of the log have a text.
logged() { grep -c -- "$1" /e2e/log; }

say verify "$(systemd-analyze verify --man=no $unit.service 2>&1 | grep "$unit\|spectrum2-lua@")"
say exposure "$(systemd-analyze security --no-pager $unit.service | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')"

systemctl start $unit
say start "$? $(show ActiveState) $(show StatusText)"

systemctl start prosody
waits StatusText "mychat.localhost: 0 users online"
say connected "$(show StatusText)"

systemctl reload $unit
say reload "$? $(show ActiveState) $(logged 'generation 2')"

# A process that hangs sends no sign of life.
kill -STOP "$(show MainPID)"
waits NRestarts 1
say watchdog "$(show NRestarts) restart"
waits ActiveState active
waits StatusText "mychat.localhost: 0 users online"
say again "$(show ActiveState) $(show StatusText)"

cp $config /e2e/good.cfg
echo 'handler_timeuot = 1' >>$config # in [lua], the last section
systemctl restart $unit
say mistake "$? $(show ActiveState) $(show ExecMainStatus) $(show NRestarts) restarts"
cp /e2e/good.cfg $config

systemctl reset-failed $unit
systemctl start $unit
begin=$(date +%s%N)
systemctl stop $unit
say stop "$? $(show Result) $((($(date +%s%N) - begin) / 1000000)) ms"
