using System.Globalization;

namespace Pyco.Network.Control;

/// <summary>
/// The names of this machine's users, or of its groups, from the file that has them. Directory services are not asked:
/// they may take their time, and a network has none.
/// </summary>
internal sealed class AccountNames
{
    private readonly Dictionary<string, uint> _ids = [];
    private readonly Dictionary<uint, string> _names = [];

    private AccountNames(string file)
    {
        if (!File.Exists(file))
            return;
        foreach (string line in File.ReadLines(file))
        {
            string[] fields = line.Split(':');
            if (fields.Length < 3 || !uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint id))
                continue;
            _ids.TryAdd(fields[0], id);
            _names.TryAdd(id, fields[0]);
        }
    }

    public static AccountNames Users() => new("/etc/passwd");

    public static AccountNames Groups() => new("/etc/group");

    /// <summary>The number of a name, or the number itself; null if there is none.</summary>
    public uint? FindId(string name) =>
        _ids.TryGetValue(name, out uint id) || uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out id)
            ? id
            : null;

    /// <summary>The name, or the number where there is none.</summary>
    public string NameOf(uint id) => _names.GetValueOrDefault(id) ?? id.ToString(CultureInfo.InvariantCulture);
}
