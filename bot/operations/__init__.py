"""For whoever runs the bot: doctor, the demo on a local page, logs, where Discord is. Nothing else imports it."""
