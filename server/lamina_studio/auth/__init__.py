"""Who may come in: the guard around the whole application, the token, codes and cookie."""
