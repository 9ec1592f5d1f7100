// Package bench measures a backend's executable from outside, as Spectrum meets
// it: how soon it answers, how much memory it takes, how many messages it
// echoes in a second and what that costs. Next to it, in the same run and by
// turns, it measures Baseline, a plain Go echo without Lua, so that the figures
// that matter are ratios and hold on any machine. A script of its own shows what
// sessions that wait cost, and a task.
package bench
