from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0007_purchase")]
    operations = [
        migrations.RemoveField("customer", "born"),
        migrations.RemoveField("purchase", "tags"),
        migrations.DeleteModel("Tag"),
        migrations.RemoveConstraint("customer", "one_name_and_address"),
    ]
