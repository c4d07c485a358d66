from django.db import migrations, models


def fill(apps, schema_editor):
    for customer in apps.get_model("shop", "Customer").objects.all():
        customer.note = f"known as {customer.full_name}"
        customer.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_longer_name")]
    operations = [
        migrations.RenameField("customer", "name", "full_name"),
        migrations.RunPython(fill),
        migrations.AlterField("customer", "note", models.TextField(default="none")),
    ]
