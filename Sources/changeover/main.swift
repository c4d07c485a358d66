print("changeover")
