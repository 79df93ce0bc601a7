using System.CommandLine;
using System.CommandLine.Parsing;
using Pyco.Cli.Startup;
using Pyco.Network;

namespace Pyco.Cli.Net;

/// <summary>pyco-net: starts, stops and looks at networks.</summary>
internal sealed class NetCommand
{
    /// <summary>Before a command it is what <c>-h</c> is behind it.</summary>
    private const string HelpWord = "help";

    private readonly string _name;
    private readonly Option<bool> _help = new("--help", "-h")
    {
        Description = "Show this and exit.",
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    private readonly Option<bool> _version = new("--version") { Description = "Show the version and exit.", Arity = ArgumentArity.Zero };

    /// <param name="environment">What a network is started with.</param>
    /// <param name="name">What it was called by.</param>
    public NetCommand(ProgramEnvironment environment, string name)
    {
        _name = name;
        Root = new RootCommand("Starts, stops and looks at networks of programs that pyco-run runs.") { HelpName = name };
        Root.Directives.Clear();
        Root.Options.Clear();
        Root.Options.Add(_version);
        Root.Options.Add(_help);
        Add(new NetStart(environment).Command);
        Add(NetViews.Stop());
        Add(NetViews.Status());
        Add(NetViews.List());
        Add(new NetHosts().Command);
        Add(new NetTop().Command);
        Add(new NetLog().Command);
        Add(new NetCapture().Command);
        Add(NetLink.Command());
    }

    public RootCommand Root { get; }

    public int Run(IReadOnlyList<string> arguments)
    {
        if (arguments is [HelpWord, ..])
            arguments = [.. arguments.SkipWhile(word => word == HelpWord), _help.Name];
        ParseResult words = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Command command = words.CommandResult.Command;
        if (words.GetValue(_help) && (command != Root || words.UnmatchedTokens.Count == 0))
        {
            Terminal.Out(NetHelp.Of(_name, Root, command));
            return ExitStatus.Success;
        }
        if (command == Root && words.GetValue(_version))
        {
            Terminal.Out($"{Names.PycoNet} {ProductVersion.Own}\n");
            return ExitStatus.Success;
        }
        if ((new OptionWords(command.Options).FindMistake(arguments) ?? FindMistake(words)) is { } mistake)
            throw LaunchException.Mistake(mistake);
        return words.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private string? FindMistake(ParseResult words)
    {
        Command command = words.CommandResult.Command;
        if (words.UnmatchedTokens is [string word, ..])
        {
            return word.StartsWith('-') ? $"unknown option '{word}'"
                : command == Root ? $"there is no command '{word}'"
                : $"'{word}' is one word too many";
        }
        if (command == Root)
            return $"say what to do, such as {_name} start";
        return words.Errors is [ParseError error, ..] ? ParseMistake.Describe(error) : null;
    }

    private void Add(Command command) => Root.Subcommands.Add(command);
}
