"""What SNS signs with in the simulator: a key of numbers that anybody may know, and its certificate.

Numbers, so that whatever it signs can be made again; SNS's own key is its own.
"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding

_P: Final = int(
    "f412e31af09eed54dcf6993be9bf17f144777f14acf3d8dfc05f0f0cb8304715a529aa1091f4f98bd13b40082beda8f85341"
    "ab5681b7392952c0dc51b993b9cc358b072712a43143218a7f6e23e4b7ba24cc37e0253d0edaa38b18c777be762fcea2ebc2"
    "3780b1e5976b64f0a13c6855efbd1b22cee46f6457b845f0447f7269",
    16,
)
_Q: Final = int(
    "dcb7d56ad63133500187db0d761d9f3453be1f8ff4764181ed3045822f19b5c57f8442e74ed96c785b8b840de52ddb5f5137"
    "e2302e16fc397c51d81d7f1ca6ad229b99bd97e1f484148f3a5fdc7eeeff7744855ecc3305faf6c11df5d308ea06e9c39808"
    "c7e366a710c0a7f24ed9dcf7a6e17d152238e5ef23bee933d86a2a43",
    16,
)
_E: Final = 65537
_D: Final = pow(_E, -1, (_P - 1) * (_Q - 1))
_KEY: Final = RSAPrivateNumbers(
    _P,
    _Q,
    _D,
    rsa_crt_dmp1(_D, _P),
    rsa_crt_dmq1(_D, _Q),
    rsa_crt_iqmp(_P, _Q),
    RSAPublicNumbers(_E, _P * _Q),
).private_key()
_NAME: Final = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
CERTIFICATE: Final = (
    x509.CertificateBuilder()
    .subject_name(_NAME)
    .issuer_name(_NAME)
    .public_key(_KEY.public_key())
    .serial_number(1)
    .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
    .sign(_KEY, SHA256())
    .public_bytes(Encoding.PEM)
)


def signature(octets: bytes, version: str) -> str:
    hashed = SHA1() if version == "1" else SHA256()  # noqa: S303 - version 1 is SHA-1
    return b64encode(_KEY.sign(octets, PKCS1v15(), hashed)).decode()
