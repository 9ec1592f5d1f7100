// Package bench measures a backend's executable from outside: its start, its memory, the
// rate of echoes, their latency and their processor time, and the end after EXIT. It
// measures the baseline, a plain Go echo without Lua, alternately with the backend, so that
// the ratios hold on any machine. Another backend may take part, such as an earlier
// version. A script of its own measures sessions that wait, tasks, reloads, rooms and
// stores.
package bench
