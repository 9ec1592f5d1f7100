// Package e2e holds the end-to-end tests. They run the backend under a real Spectrum 2 with
// a real XMPP server and client. See README.md; run.sh runs them.
package e2e
