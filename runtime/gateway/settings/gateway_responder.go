package settings

// Interaction is the section [gateway_responder]: how clients ask for the name of a
// contact (XEP-0100).
type Interaction struct{ Prompt, Label string }

func readInteraction(r *reader) Interaction {
	return Interaction{
		Prompt: r.text("gateway_responder.prompt", "Contact ID"),
		Label:  r.text("gateway_responder.label", "Enter legacy network contact ID."),
	}
}
