"""Answers SMT-LIB files: for each argument one line, `sat`, `unsat` or `unknown`.

Needs the finite-field solver: see requirements.txt.
"""

import sys
from multiprocessing import Pool

import cvc5


def answer(path):
    solver = cvc5.Solver(cvc5.TermManager())
    # A query that takes so long has gone wrong; it is answered by `unknown`.
    solver.setOption("tlimit-per", "60000")
    parser = cvc5.InputParser(solver)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, path)
    symbols = parser.getSymbolManager()
    output = ""
    while not (command := parser.nextCommand()).isNull():
        output += command.invoke(solver, symbols)
    return output.strip()


if __name__ == "__main__":
    # Each query by itself, on all cores, answered in order.
    with Pool() as pool:
        for own in pool.imap(answer, sys.argv[1:]):
            print(own, flush=True)
