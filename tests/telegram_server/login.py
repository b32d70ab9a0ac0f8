"""Logging in: bot token, phone and code, password (SRP), QR code; and out again."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from telethon import password as telethon_password
from telethon.tl import types

from .handshake import GENERATOR, PRIME
from .methods import Context, method
from .wire import Refused, now

if TYPE_CHECKING:
    from .chats import Account

_ALGORITHM: Final = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
    salt1=b"telespool", salt2=b"test", g=GENERATOR, p=PRIME.to_bytes(256, "big")
)


def _check_application(context: Context, request: Any) -> None:
    telegram = context.telegram
    if (request.api_id, request.api_hash) != (telegram.API_ID, telegram.API_HASH):
        raise Refused(400, "API_ID_INVALID")


def _enter(context: Context, account: Account) -> Any:
    """Log the key of this connection in."""
    context.telegram.logged_in[context.connection.key.key_id] = account.id
    return types.auth.Authorization(account.to_tl())


@method("auth.importBotAuthorization", anonymous=True)
async def bot_login(context: Context, request: Any) -> object:
    """A bot, by its token."""
    _check_application(context, request)
    bot = context.telegram.directory.bot
    if request.bot_auth_token != bot.token:
        raise Refused(400, "ACCESS_TOKEN_INVALID")
    return _enter(context, bot)


@method("auth.sendCode", anonymous=True)
async def send_code(context: Context, request: Any) -> object:
    """A code, for a phone number that has an account."""
    _check_application(context, request)
    if request.phone_number.lstrip("+") != context.telegram.directory.user.phone:
        raise Refused(400, "PHONE_NUMBER_INVALID")
    return types.auth.SentCode(types.auth.SentCodeTypeApp(5), "code-hash")


@method("auth.signIn", anonymous=True)
async def sign_in(context: Context, request: Any) -> object:
    """The code; an account with a password wants that too."""
    user = context.telegram.directory.user
    if request.phone_code != context.telegram.PHONE_CODE:
        raise Refused(400, "PHONE_CODE_INVALID")
    if user.password is not None:
        raise Refused(401, "SESSION_PASSWORD_NEEDED")
    return _enter(context, user)


@method("account.getPassword", anonymous=True)
async def get_password(context: Context, _request: Any) -> object:
    """What a client needs to prove that it knows the password."""
    password = context.telegram.directory.user.password
    exchange = context.telegram.password_exchanges
    answer = types.account.Password(
        new_algo=_ALGORITHM,
        new_secure_algo=types.SecurePasswordKdfAlgoSHA512(b"telespool"),
        secure_random=os.urandom(16),
        has_password=password is not None,
    )
    if password is not None:
        number, secret = secrets.randbits(62), secrets.randbits(2040)
        exchange[number] = secret
        public = (_multiplier() * _verifier(password) + pow(GENERATOR, secret, PRIME)) % PRIME
        answer.current_algo, answer.srp_id = _ALGORITHM, number
        answer.srp_B = public.to_bytes(256, "big")
    return answer


@method("auth.checkPassword", anonymous=True)
async def check_password(context: Context, request: Any) -> object:
    """The proof (SRP 6a, as core.telegram.org/api/srp has it)."""
    user, proof = context.telegram.directory.user, request.password
    secret = context.telegram.password_exchanges.pop(proof.srp_id, None)
    if user.password is None or secret is None:
        raise Refused(400, "SRP_ID_INVALID")
    verifier = _verifier(user.password)
    public = (_multiplier() * verifier + pow(GENERATOR, secret, PRIME)) % PRIME
    scramble = int.from_bytes(_hash(proof.A, _pad(public)), "big")
    shared = pow(int.from_bytes(proof.A, "big") * pow(verifier, scramble, PRIME), secret, PRIME)
    mixed = bytes(
        one ^ two for one, two in zip(_hash(_pad(PRIME)), _hash(_pad(GENERATOR)), strict=True)
    )
    expected = _hash(
        mixed,
        _hash(_ALGORITHM.salt1),
        _hash(_ALGORITHM.salt2),
        proof.A,
        _pad(public),
        _hash(_pad(shared)),
    )
    if expected != proof.M1:
        raise Refused(400, "PASSWORD_HASH_INVALID")
    return _enter(context, user)


def _verifier(password: str) -> int:
    digest = telethon_password.compute_hash(_ALGORITHM, password)
    return pow(GENERATOR, int.from_bytes(digest, "big"), PRIME)


def _multiplier() -> int:
    return int.from_bytes(_hash(_pad(PRIME), _pad(GENERATOR)), "big")


def _pad(number: int) -> bytes:
    return number.to_bytes(256, "big")


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


@method("auth.exportLoginToken", anonymous=True)
async def export_login_token(context: Context, request: Any) -> object:
    """A token to show as a QR code; once it was scanned, the login."""
    _check_application(context, request)
    telegram, key_id = context.telegram, context.connection.key.key_id
    if key_id in telegram.scanned:
        user = telegram.directory.user
        if user.password is not None:
            raise Refused(401, "SESSION_PASSWORD_NEEDED")
        telegram.scanned.discard(key_id)
        return types.auth.LoginTokenSuccess(_enter(context, user))
    token = secrets.token_bytes(24)
    telegram.login_tokens[token] = key_id
    return types.auth.LoginToken(now() + timedelta(seconds=30), token)


@method("auth.logOut")
async def log_out(context: Context, _request: Any) -> object:
    """Forget the login of this key."""
    context.telegram.logged_in.pop(context.connection.key.key_id, None)
    return types.auth.LoggedOut()
