using System.CommandLine;

namespace Pyco.Cli;

/// <summary>What the words of a command line are by themselves, before the parser takes them apart.</summary>
internal sealed class OptionWords
{
    private const string End = "--";

    /// <summary>The options by all their names, each with the name of its value, or null for a switch.</summary>
    private readonly Dictionary<string, string?> _values = [];

    public OptionWords(IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            foreach (string name in (IEnumerable<string>)[option.Name, .. option.Aliases])
                _values[name] = option.HelpName;
        }
    }

    /// <summary>How many words come before the first that is neither an option nor the value of one.</summary>
    public int CountBeforeProgram(IReadOnlyList<string> arguments)
    {
        int index = 0;
        while (index < arguments.Count && arguments[index] != End && arguments[index].StartsWith('-'))
            index += TakesNext(arguments[index]) ? 2 : 1;
        return Math.Min(index, arguments.Count);
    }

    /// <summary>
    /// Finds an option with nothing behind its equals sign, or a switch with something. To the parser the sign is the same as a blank: the
    /// next word would be the value of the one, and what is behind the sign of the other would be the program.
    /// </summary>
    /// <returns>What is wrong, or null.</returns>
    public string? FindMistake(IEnumerable<string> arguments)
    {
        bool isValue = false;
        foreach (string word in arguments.TakeWhile(word => word != End))
        {
            int sign = word.AsSpan().IndexOfAny('=', ':');
            if (!isValue && sign > 0 && _values.TryGetValue(word[..sign], out string? value))
            {
                if (value is null)
                    return $"{word[..sign]} takes nothing behind it";
                if (sign == word.Length - 1)
                    return $"{word} needs {value} behind it";
            }
            isValue = !isValue && TakesNext(word);
        }
        return null;
    }

    /// <summary>Whether the next word is its value: of several letters behind one hyphen, that of the last.</summary>
    private bool TakesNext(string word)
    {
        if (_values.TryGetValue(word, out string? value))
            return value is not null;
        if (word.Length < 3 || word[0] != '-' || word[1] == '-')
            return false;
        for (int index = 1; index < word.Length; index++)
        {
            if (!_values.TryGetValue($"-{word[index]}", out value))
                return false;
            if (value is not null)
                return index == word.Length - 1;
        }
        return false;
    }
}
