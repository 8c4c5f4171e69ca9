"""Start and end of the program: `python -m sandbox`."""

import sys

from sandbox.program import main

if __name__ == "__main__":
    sys.exit(main())
