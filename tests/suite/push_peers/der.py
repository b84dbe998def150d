"""Prints signatures in DER, as Python's cryptography encodes them, each with its r and s in hexadecimal."""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Values that take fewer bytes, and those whose first bit needs one more.
EDGES = [1, 127, 128, 1 << 240, 1 << 247, 1 << 248, (1 << 255) - 1, 1 << 255, ORDER - 1]
# No signature has these.
WRONG = [0, ORDER, (1 << 256) - 1, 1 << 256]

key = ec.generate_private_key(ec.SECP256R1())
signed = [decode_dss_signature(key.sign(b"login", ec.ECDSA(hashes.SHA256()))) for _ in range(100)]
for r, s in [(r, s) for r in EDGES for s in EDGES] + signed:
    print(encode_dss_signature(r, s).hex(), f"{r:064x}{s:064x}")
for wrong in WRONG:
    print(encode_dss_signature(wrong, 1).hex(), "none")
    print(encode_dss_signature(1, wrong).hex(), "none")
