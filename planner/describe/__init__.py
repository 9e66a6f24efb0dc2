"""Plans, rejections and refusals in words: every sentence about them is made here."""
