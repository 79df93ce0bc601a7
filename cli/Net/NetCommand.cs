using System.CommandLine;
using Pyco.Cli.Startup;

namespace Pyco.Cli.Net;

/// <summary>pyco-net: starts, stops and looks at networks.</summary>
internal sealed class NetCommand
{
    private readonly ProgramEnvironment _environment;
    private readonly RootCommand _root;

    /// <param name="image">The environment that a network is started with.</param>
    /// <param name="name">What it was called by.</param>
    public NetCommand(ProcessImage image, string name)
    {
        _environment = new ProgramEnvironment(image.Environment);
        _root = new RootCommand("Starts, stops and looks at networks of programs that pyco-run runs.") { HelpName = name };
        _root.Directives.Clear();
        Add(new NetStart(_environment).Command);
        Add(NetViews.Stop());
        Add(NetViews.Status());
        Add(NetViews.List());
        Add(NetViews.Hosts());
        Add(NetLink.Command());
        Add(NetViews.Log());
    }

    public int Run(string[] arguments)
    {
        ParseResult words = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (words.Errors.Count > 0)
            throw new LaunchException($"{words.Errors[0].Message} (-h helps)");
        return words.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private void Add(Command command) => _root.Subcommands.Add(command);
}
