from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_full_name")]
    operations = [
        migrations.AddConstraint(
            "customer", models.UniqueConstraint(fields=["full_name", "email"], name="one_name_and_address")
        ),
        migrations.AddIndex("order", models.Index(fields=["placed"], name="order_placed")),
    ]
