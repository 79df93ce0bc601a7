using System.Text;
using System.Text.Json;
using Pyco.Network;

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

    /// <summary>Reads a network's answer, an object, while it lasts.</summary>
    /// <exception cref="LaunchException">Something is not in it that is in those of this version.</exception>
    public static T Read<T>(string answer, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(answer);
        JsonElement root = document.RootElement;
        try
        {
            return read(root);
        }
        catch (KeyNotFoundException)
        {
            string version = root.TryGetProperty("version", out JsonElement own) ? $"version {own}" : "an older version";
            throw new LaunchException(
                $"the network at {root.Text("path")} runs {version}, and this is {ProductVersion.Own}: stop it with pyco-net stop, and start it again");
        }
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).ToString();
}
