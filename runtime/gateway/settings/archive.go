package settings

// Archive is the section [archive]: the messages that the gateway keeps for each user.
// Spectrum does not have it.
type Archive struct {
	Days     int // 0: nothing is kept
	Messages int // of each user
}

func readArchive(r *reader) Archive {
	return Archive{
		Days:     r.number("archive.days", 30, 0, 36500),
		Messages: r.number("archive.messages", 10_000, 0, 10_000_000),
	}
}
