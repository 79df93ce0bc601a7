using System.Text;
using System.Text.Json;

namespace Pyco.Cli.Net;

/// <summary>JSON on a line.</summary>
internal static class JsonText
{
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using MemoryStream octets = new();
        using (Utf8JsonWriter json = new(octets))
            write(json);
        return Encoding.UTF8.GetString(octets.ToArray()) + "\n";
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).ToString();
}
