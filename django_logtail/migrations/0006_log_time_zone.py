import django_logtail.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("logtail", "0005_saved_view"),
    ]

    operations = [
        migrations.AddField(
            model_name="log",
            name="time_zone",
            field=models.CharField(
                blank=True,
                help_text="The time zone of times that the log writes without one, such as Europe/Berlin or UTC. If empty, the TIME_ZONE setting is used, as in Django’s own log times.",
                max_length=64,
                validators=[django_logtail.models.validate_time_zone],
                verbose_name="time zone",
            ),
        ),
    ]
