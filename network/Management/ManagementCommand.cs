using System.Globalization;
using System.Text;
using Pyco.Stack;

namespace Pyco.Network.Management;

/// <summary>A command of vde_switch's management, by the names and in the words that its users know.</summary>
/// <param name="Path">Its name; what follows on the line is its argument.</param>
/// <param name="Syntax">The argument, as help shows it.</param>
/// <param name="Help">What it does.</param>
/// <param name="Do">Does it; null for the heading of a menu.</param>
internal sealed record ManagementCommand(string Path, string Syntax, string Help, Func<ManagementCall, Errno>? Do)
{
    /// <summary>True if lines may come before the result.</summary>
    public bool HasData { get; init; }

    /// <summary>True if it is for the network's owner and root alone.</summary>
    public bool IsChange { get; init; }

    /// <summary>A line above the commands of a family.</summary>
    public static ManagementCommand Menu(string path, string title) => new(path, "============", $"{title} MENU", null);

    /// <summary>A command that shows something.</summary>
    public static ManagementCommand Show(string path, string syntax, string help, Func<ManagementCall, Errno> show) =>
        new(path, syntax, help, show) { HasData = true };

    /// <summary>A command that changes the network.</summary>
    public static ManagementCommand Change(string path, string syntax, string help, Func<ManagementCall, Errno> change) =>
        new(path, syntax, help, change) { IsChange = true };
}

/// <summary>A command that somebody gives.</summary>
/// <param name="Caller">Who.</param>
/// <param name="Argument">What is on the line behind the command.</param>
internal sealed record ManagementCall(ManagementConnection Caller, string Argument)
{
    private readonly StringBuilder _lines = new();

    /// <summary>The data that comes before the result.</summary>
    public string Data => _lines.ToString();

    /// <summary>The argument as atoi(3) reads it: 0 if it is no number.</summary>
    public int Number => int.TryParse(FirstWord(Argument), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : 0;

    /// <summary>Adds a line of data.</summary>
    public void Line(FormattableString line) => _lines.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>Reads two numbers.</summary>
    public bool TryGetNumbers(out int first, out int second)
    {
        string[] words = Argument.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        first = second = 0;
        return words.Length >= 2 && TryRead(words[0], out first) && TryRead(words[1], out second);
    }

    /// <summary>Reads a number and a word.</summary>
    public bool TryGetNumberAndWord(out int number, out string word)
    {
        string[] words = Argument.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        word = words.Length >= 2 ? words[1] : "";
        number = 0;
        return words.Length >= 2 && TryRead(words[0], out number);
    }

    private static bool TryRead(string word, out int number) =>
        word.StartsWith("0x", StringComparison.Ordinal)
            ? int.TryParse(word[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static string FirstWord(string text) => text.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("");
}
