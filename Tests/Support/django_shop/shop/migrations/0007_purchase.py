from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0006_tags")]
    operations = [
        migrations.RenameModel("Order", "Purchase"),
        migrations.AlterModelTable("customer", "people"),
    ]
