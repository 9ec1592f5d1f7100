// Package bench measures a backend's executable from outside: the time to its first
// answer, its memory, the rate of echoes and their processor time. It measures
// Baseline, a plain Go echo without Lua, alternately with the backend, so that the
// ratios hold on any machine. A script of its own measures sessions that wait, tasks,
// reloads, rooms and stores.
package bench
