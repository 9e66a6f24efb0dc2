"""Rows as people write them: files of every usual kind as records, and chats in their usual spellings."""
