"""The go-live checklist: computed from what happened in testing, never ticked by hand."""
