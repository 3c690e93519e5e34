"""``python -m services.cli``: the command without its console script, as processes are started."""

from services.cli import main

if __name__ == "__main__":
    main()
