"""Users as a host may have them: a UUID for a key, an address for a name, no groups, no permissions."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Person(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    address = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "address"
    objects = BaseUserManager()

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return False
