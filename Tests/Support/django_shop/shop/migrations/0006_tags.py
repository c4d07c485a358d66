from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0005_unique")]
    operations = [
        migrations.CreateModel(
            "Tag", [("id", models.BigAutoField(primary_key=True)), ("word", models.CharField(max_length=20, unique=True))]
        ),
        migrations.AddField("order", "tags", models.ManyToManyField("shop.Tag")),
    ]
