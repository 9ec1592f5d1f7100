package stanza

// Namespaces of payloads, by the XEP that defines them.
const (
	DataForm       = "jabber:x:data"                           // XEP-0004
	LastActivity   = "jabber:iq:last"                          // XEP-0012
	DiscoInfo      = "http://jabber.org/protocol/disco#info"   // XEP-0030
	DiscoItems     = "http://jabber.org/protocol/disco#items"  // XEP-0030
	MUC            = "http://jabber.org/protocol/muc"          // XEP-0045
	MUCUser        = "http://jabber.org/protocol/muc#user"     // XEP-0045
	MUCAdmin       = "http://jabber.org/protocol/muc#admin"    // XEP-0045
	MUCOwner       = "http://jabber.org/protocol/muc#owner"    // XEP-0045
	Commands       = "http://jabber.org/protocol/commands"     // XEP-0050
	VCard          = "vcard-temp"                              // XEP-0054
	Search         = "jabber:iq:search"                        // XEP-0055
	ResultSet      = "http://jabber.org/protocol/rsm"          // XEP-0059
	PubSub         = "http://jabber.org/protocol/pubsub"       // XEP-0060
	PubSubEvent    = "http://jabber.org/protocol/pubsub#event" // XEP-0060
	OutOfBand      = "jabber:x:oob"                            // XEP-0066
	XHTML          = "http://jabber.org/protocol/xhtml-im"     // XEP-0071
	XHTMLBody      = "http://www.w3.org/1999/xhtml"            // XEP-0071
	Register       = "jabber:iq:register"                      // XEP-0077
	AvatarData     = "urn:xmpp:avatar:data"                    // XEP-0084
	AvatarMetadata = "urn:xmpp:avatar:metadata"                // XEP-0084
	ChatStates     = "http://jabber.org/protocol/chatstates"   // XEP-0085
	Version        = "jabber:iq:version"                       // XEP-0092
	Gateway        = "jabber:iq:gateway"                       // XEP-0100
	Capabilities   = "http://jabber.org/protocol/caps"         // XEP-0115
	RosterExchange = "http://jabber.org/protocol/rosterx"      // XEP-0144
	VCardUpdate    = "vcard-temp:x:update"                     // XEP-0153
	Nickname       = "http://jabber.org/protocol/nick"         // XEP-0172
	Receipts       = "urn:xmpp:receipts"                       // XEP-0184
	Ping           = "urn:xmpp:ping"                           // XEP-0199
	Time           = "urn:xmpp:time"                           // XEP-0202
	Delay          = "urn:xmpp:delay"                          // XEP-0203
	Attention      = "urn:xmpp:attention:0"                    // XEP-0224
	Conference     = "jabber:x:conference"                     // XEP-0249
	Carbons        = "urn:xmpp:carbons:2"                      // XEP-0280
	Forward        = "urn:xmpp:forward:0"                      // XEP-0297
	Idle           = "urn:xmpp:idle:1"                         // XEP-0319
	Privilege      = "urn:xmpp:privilege:2"                    // XEP-0356
	OccupantID     = "urn:xmpp:occupant-id:0"                  // XEP-0421
	Roster         = "jabber:iq:roster"                        // RFC 6121
)
