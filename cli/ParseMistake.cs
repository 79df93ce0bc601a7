using System.CommandLine;
using System.CommandLine.Parsing;

namespace Pyco.Cli;

/// <summary>What the parser of command lines finds wrong, in words of this program.</summary>
internal static class ParseMistake
{
    public static string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens.Count: 0, Option: { HelpName: { } value } option } => $"{NameOf(option)} needs {value} behind it",
        OptionResult { Tokens.Count: > 1, Option: { HelpName: not null, Arity.MaximumNumberOfValues: 1 } option } =>
            $"{NameOf(option)} is given twice",
        ArgumentResult { Tokens.Count: 0, Argument: { } argument } => $"{argument.Name} is missing",
        _ => error.Message,
    };

    private static string NameOf(Option option) => option.Aliases.FirstOrDefault() ?? option.Name;
}
