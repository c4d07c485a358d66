from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("customer", "note", models.TextField(default="")),
        migrations.AddField("customer", "born", models.DateField(null=True)),
    ]
