from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_note")]
    operations = [
        migrations.AlterField("customer", "name", models.CharField(max_length=200, db_index=True)),
        migrations.AlterField("order", "placed", models.DateTimeField(null=True)),
    ]
